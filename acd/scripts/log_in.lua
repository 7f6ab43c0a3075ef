-- log_in AGENT STATE: the agent is here, `ready` or `not_ready`. A log-out that was to follow a talk is taken back.
local first = remembered()
if first then return first end
local who, state = get(AGENTS, ARGV[4]), ARGV[5]
if not who then return refuse('NOAGENT there is no agent ' .. ARGV[4]) end
open()
who.node = NODE
changed[AGENTS][who.agent] = true
if who.state == 'logged_out' then
  becomes(who, state, '', {})
elseif leaving(who) and not who.profile.gone then
  who.after = state == 'ready' and '' or 'not_ready:'
end
return close()
