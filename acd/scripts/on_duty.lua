-- on_duty QUEUE AGENTS (a JSON list of names, sorted, each once): who is on duty for the queue, and nobody else.
local first = remembered()
if first then return first end
local DUTY, name, agents = PREFIX .. 'duty', ARGV[4], cjson.decode(ARGV[5])
local text = call('HGET', DUTY, name)
local former = text and cjson.decode(text) or {}
local came, went = {}, {}
for _, agent in ipairs(agents) do
  if not has(former, agent) then came[#came + 1] = agent end
end
for _, agent in ipairs(former) do
  if not has(agents, agent) then went[#went + 1] = agent end
end
open()
if #came > 0 or #went > 0 then
  call('HSET', DUTY, name, ARGV[5])
  for _, list in ipairs({ came, went }) do
    for _, agent in ipairs(list) do
      local who = get(AGENTS, agent)
      if who then join_pools(who) end
    end
  end
  write_event('duty_changed', {
    node = NODE, contact = '', queue = name, agents = #agents, came = table.concat(came, ','),
    went = table.concat(went, ','),
  })
end
return close()
