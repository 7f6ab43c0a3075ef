-- configure_agents RUN PROFILES SLOTS (JSON objects by name): some agents, or the slots of partners, as configured.
local first = remembered()
if first then return first end
local run = call('HGET', META, 'run') or ''
if run ~= ARGV[4] then return refuse('OVERTAKEN configuration ' .. ARGV[4] .. ' was overtaken by ' .. run) end
local profiles, slots = cjson.decode(ARGV[5]), cjson.decode(ARGV[6])
open()
call('HSET', META, 'sliced', now)
for name, profile in pairs(profiles) do
  call('HSET', PREFIX .. 'specs', name, cjson.encode(profile))
  local own = call('HGET', PREFIX .. 'put', name)
  take_agent(name, own and cjson.decode(own) or profile)
end
for name, profile in pairs(slots) do take_agent(name, profile) end
return close()
