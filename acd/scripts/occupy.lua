-- occupy AGENT REASON AT_MOST_MS: a ready agent is not, for a while.
local first = remembered()
if first then return first end
local who = get(AGENTS, ARGV[4])
if not who then return refuse('NOAGENT there is no agent ' .. ARGV[4]) end
if who.state ~= 'ready' then return refuse('BADSTATE agent ' .. ARGV[4] .. ' is ' .. who.state .. ', not ready') end
open()
becomes(who, 'not_ready', ARGV[5], {})
call('ZADD', DEADLINES, now + tonumber(ARGV[6]), 'r:' .. who.agent)
return close()
