-- drop_agent AGENT: what was put is taken back; the configuration holds again, or the agent goes.
local first = remembered()
if first then return first end
local name, PUT = ARGV[4], PREFIX .. 'put'
local who = get(AGENTS, name)
if not who then return refuse('NOAGENT there is no agent ' .. name) end
if call('HEXISTS', PUT, name) == 0 then
  return refuse('BADSTATE agent ' .. name .. ' stands in the files, and goes with them')
end
open()
call('HDEL', PUT, name)
local spec = call('HGET', PREFIX .. 'specs', name)
announce('agent_dropped', { agent = name, site = who.profile.site, configured = spec and 1 or 0 })
if spec then take_agent(name, cjson.decode(spec)) else remove(who) end
return close()
