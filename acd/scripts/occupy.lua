-- occupy AGENT REASON AT_MOST_MS: a ready agent is not, for a while; who is in another's talk may stay in it.
local STAYS = { conference = true, transferred = true }
local first = remembered()
if first then return first end
local who = get(AGENTS, ARGV[4])
if not who then return refuse('NOAGENT there is no agent ' .. ARGV[4]) end
local former = who.state == 'not_ready' and who.reason or ''
local stays = STAYS[ARGV[5]] and (STAYS[former] or former == 'consult')
if who.state ~= 'ready' and not stays then return refuse('BADSTATE agent ' .. ARGV[4] .. ' is ' .. who.state .. ', not ready') end
open()
if not stays or former ~= ARGV[5] then becomes(who, 'not_ready', ARGV[5], {}) end
call('ZADD', DEADLINES, now + tonumber(ARGV[6]), 'r:' .. who.agent)
return close()
