-- configure RUN QUEUES SITES (JSON lists): make these the queues and sites. Agents follow in slices of the same RUN.
local first = remembered()
if first then return first end
local queue_specs, site_specs = cjson.decode(ARGV[5]), cjson.decode(ARGV[6])
local SITES_MOST = 500

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

-- Gives whether callers of some site are another's now. Those that became part of others are known on.
local function take_sites()
  local homes, names, moved = {}, call('HKEYS', SITES), false
  table.sort(names)
  for _, name in ipairs(names) do homes[name] = home(name) end
  for _, site in ipairs(site_specs) do
    local text = call('HGET', SITES, site.site)
    site.lost = text and cjson.decode(text).lost or ''
  end
  local merged = {}
  for _, name in ipairs(names) do merged[name] = call('HGET', SITES, name) end
  call('DEL', SITES)
  for _, site in ipairs(site_specs) do call('HSET', SITES, site.site, cjson.encode(site)) end
  for _, name in ipairs(names) do
    local new = call('HEXISTS', SITES, name) == 0 and call('HLEN', SITES) < SITES_MOST
    if new and (cjson.decode(merged[name]).into or '') ~= '' then call('HSET', SITES, name, merged[name]) end
  end
  for _, name in ipairs(names) do moved = moved or home(name) ~= homes[name] end
  return moved or (#names == 0 and #site_specs > 0)
end

-- By those who wait in it, some at a time.
local function see_anew(queue, rules)
  queue.rules, queue.reopened = rules, FROM_THE_FIRST
  changed[QUEUES][queue.queue] = true
  call('ZADD', TIMERS, now, 'z:' .. queue.queue)
end

local function sees_sites(queue)
  for _, tier in ipairs(queue.tiers) do
    if by_site(tier) or tier.site_lost then return true end
  end
  return false
end

local function take_queue(queue)
  local former = get(QUEUES, queue.queue)
  put(QUEUES, queue.queue, queue)
  if not former then return end
  queue.rules = former.rules
  if not same(former.tiers, queue.tiers) then
    see_anew(queue, (math.floor(former.rules / TIERS_CHANGED) + 1) * TIERS_CHANGED)
  end
end

open()
call('HSET', META, 'run', ARGV[4], 'sliced', now)
local moved, stood = take_sites(), call('HKEYS', QUEUES)
for _, name in ipairs(stood) do
  local queue = change(QUEUES, name)
  queue.gone = true
  if is_over(queue) then put(QUEUES, name, false) end
end
for _, queue in ipairs(queue_specs) do take_queue(queue) end
for _, name in ipairs(moved and stood or {}) do
  local queue = get(QUEUES, name)
  if queue and sees_sites(queue) then see_anew(queue, queue.rules + 1) end
end
return close()
