-- put_agent AGENT PROFILE: have this agent, whatever the configuration says of it, until it is dropped.
local first = remembered()
if first then return first end
open()
local profile = cjson.decode(ARGV[5])
if call('HGET', PREFIX .. 'put', ARGV[4]) ~= ARGV[5] then announce('agent_put', { agent = ARGV[4], site = profile.site }) end
call('HSET', PREFIX .. 'put', ARGV[4], ARGV[5])
take_agent(ARGV[4], profile)
return close()
