-- on_duty QUEUE AGENTS (a JSON list of names, sorted, each once): who is on duty for the queue, and nobody else. Changes
-- DUTY_MOST of them; `number` is how many are left for the same command once more.
local DUTY_MOST = 8
local first = remembered()
if first then return first end
local DUTY, name, agents = PREFIX .. 'duty', ARGV[4], cjson.decode(ARGV[5])
local text = call('HGET', DUTY, name)
local former = text and cjson.decode(text) or {}
local was, is = {}, {}
for _, agent in ipairs(former) do was[agent] = true end
for _, agent in ipairs(agents) do is[agent] = true end
local on_duty, came, went, number = {}, {}, {}, 0
for _, agent in ipairs(agents) do
  if not was[agent] and #came < DUTY_MOST then
    came[#came + 1] = agent
    on_duty[#on_duty + 1] = agent
  elseif was[agent] then
    on_duty[#on_duty + 1] = agent
  else
    number = number + 1
  end
end
for _, agent in ipairs(former) do
  if not is[agent] and #came + #went < DUTY_MOST then
    went[#went + 1] = agent
  elseif not is[agent] then
    on_duty[#on_duty + 1] = agent
    number = number + 1
  end
end
open()
if #came > 0 or #went > 0 then
  call('HSET', DUTY, name, #on_duty > 0 and cjson.encode(on_duty) or '[]')
  for _, list in ipairs({ came, went }) do
    for _, agent in ipairs(list) do
      local who = get(AGENTS, agent)
      if who then join_pools(who) end
    end
  end
  announce('duty_changed', {
    queue = name, agents = #on_duty, came = table.concat(came, ','), went = table.concat(went, ','),
  })
end
return close(function() return { number = number } end)
