-- end_wrap_up AGENT TOPIC CONCLUDED: the agent is done with the contact.
local first = remembered()
if first then return first end
local who = get(AGENTS, ARGV[4])
if not who then return refuse('NOAGENT there is no agent ' .. ARGV[4]) end
if who.state ~= 'wrap_up' then
  return refuse('BADSTATE agent ' .. ARGV[4] .. ' is ' .. who.state .. ', not in wrap-up')
end
open()
wrapped_up(who, ARGV[5], 'agent', ARGV[6])
settle(who)
return close()
