-- sweep RUN GONE LAST: these (a JSON list of names) are configured no longer, and go. With the last of them the
-- configuration has come to its end.
local first = remembered()
if first then return first end
local run = call('HGET', META, 'run') or ''
if run ~= ARGV[4] then return refuse('OVERTAKEN configuration ' .. ARGV[4] .. ' was overtaken by ' .. run) end
open()
call('HSET', META, 'sliced', now)
for _, name in ipairs(cjson.decode(ARGV[5])) do
  call('HDEL', PREFIX .. 'specs', name)
  local who = get(AGENTS, name)
  if who and call('HEXISTS', PREFIX .. 'put', name) == 0 then remove(who) end
end
if ARGV[6] == 'last' then call('HSET', META, 'swept', run) end
return close()
