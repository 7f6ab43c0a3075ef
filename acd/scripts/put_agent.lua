-- put_agent AGENT PROFILE: have this agent, whatever the configuration says of it, until it is dropped.
local first = remembered()
if first then return first end
open()
call('HSET', PREFIX .. 'put', ARGV[4], ARGV[5])
take_agent(ARGV[4], cjson.decode(ARGV[5]))
return close()
