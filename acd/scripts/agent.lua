-- agent AGENT STATE REASON: the agent's own wish to be ready, not_ready or logged_out.
local first = remembered()
if first then return first end
local who, state, reason = get(AGENTS, ARGV[4]), ARGV[5], ARGV[6]
if not who then return refuse('NOAGENT there is no agent ' .. ARGV[4]) end
if who.state == 'logged_out' and state ~= 'logged_out' then
  return refuse('BADSTATE agent ' .. ARGV[4] .. ' is logged out')
end
open()
if state == 'logged_out' then
  goes(who, state, reason, 'unreachable', 'logged_out')
elseif state == 'not_ready' then
  goes(who, state, reason, 'rejected', 'agent')
elseif who.state ~= 'offered' then
  goes(who, 'ready', '', '', 'agent')
end
return close()
