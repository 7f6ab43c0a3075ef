-- configure RUN QUEUES SITES (JSON lists): make these the queues and sites. Agents follow in slices of the same RUN.
local first = remembered()
if first then return first end
local queue_specs, site_specs = cjson.decode(ARGV[5]), cjson.decode(ARGV[6])
local SITES = PREFIX .. 'sites'

local function same(a, b)
  if type(a) ~= 'table' or type(b) ~= 'table' then return a == b end
  for key, value in pairs(a) do
    if not same(value, b[key]) then return false end
  end
  for key in pairs(b) do
    if a[key] == nil then return false end
  end
  return true
end

local function take_sites()
  for _, site in ipairs(site_specs) do
    local text = call('HGET', SITES, site.site)
    site.lost = text and cjson.decode(text).lost or ''
  end
  call('DEL', SITES)
  for _, site in ipairs(site_specs) do call('HSET', SITES, site.site, cjson.encode(site)) end
end

local function take_queue(queue)
  local former = get(QUEUES, queue.queue)
  put(QUEUES, queue.queue, queue)
  if not former then return end
  queue.rules = former.rules
  if not same(former.tiers, queue.tiers) then
    queue.rules = queue.rules + 1
    call('ZADD', TIMERS, now, 'z:' .. queue.queue)
  end
end

open()
call('HSET', META, 'run', ARGV[4], 'sliced', now)
take_sites()
for _, name in ipairs(call('HKEYS', QUEUES)) do
  local queue = change(QUEUES, name)
  queue.gone = true
  if call('EXISTS', arrived(name), asked(name), PREFIX .. 'promised:' .. name) == 0 then put(QUEUES, name, false) end
end
for _, queue in ipairs(queue_specs) do take_queue(queue) end
return close()
