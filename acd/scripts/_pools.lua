-- Who may serve whom, resolved into pools when agents or queues change; acd/pools.py is the same function by function.
-- A pool is `TIER/QUEUE`, where the tier looks at sites with a line feed and the caller's site after it; `@AGENT` is one.
local FIT = 1073741824

local function has(list, one)
  for _, each in ipairs(list or {}) do
    if each == one then return true end
  end
  return false
end

local function is_of(tier, profile)
  if #tier.groups > 0 then
    local member = false
    for _, group in ipairs(profile.groups) do member = member or has(tier.groups, group) end
    if not member then return false end
  end
  return type(tier.sites) == 'string' or has(tier.sites, profile.site)
end

local function skill_of(tier, needs)
  return tier.skill ~= '' and tier.skill or needs.skill
end

local function serves(needs, tier, profile)
  if tier.partner ~= '' or profile.partner ~= '' then return tier.partner == profile.partner end
  local level = tier.level > 0 and tier.level or needs.level
  if (profile.skills[skill_of(tier, needs)] or 0) < level then return false end
  for skill, least in pairs(needs.requires) do
    if (profile.skills[skill] or 0) < least then return false end
  end
  return is_of(tier, profile)
end

local function fit(needs, tier, profile)
  if needs.by ~= 'level' or profile.partner ~= '' then return 0 end
  local met = 0
  for skill, level in pairs(needs.wishes) do
    if (profile.skills[skill] or 0) >= level then met = met + 1 end
  end
  return 10 * met + math.min(9, profile.skills[skill_of(tier, needs)] or 0)
end

local function of_queue(queue, profile, sites)
  local pools, some = {}, false
  for number, tier in ipairs(queue.tiers) do
    if serves(queue.needs, tier, profile) then
      local off = fit(queue.needs, tier, profile) * FIT
      some = true
      pools[pool_of(queue, number, '')] = off
      if by_site(tier) then pools[pool_of(queue, number, profile.site)] = off end
      if tier.sites == 'neighbours' then
        for name, site in pairs(sites) do
          if has(site.neighbours, profile.site) then pools[pool_of(queue, number, name)] = off end
        end
      end
    end
  end
  return some and pools
end

-- What all agents of one command are measured by.
local function read_all(hash)
  local found = {}
  local flat = call('HGETALL', hash)
  for i = 1, #flat, 2 do found[flat[i]] = cjson.decode(flat[i + 1]) end
  return found
end

local grounds_of_pools
local function pools_of(agent, profile)
  local all = grounds_of_pools
  if not all then
    all = { queues = read_all(QUEUES), sites = read_all(SITES), duty = read_all(PREFIX .. 'duty') }
    grounds_of_pools = all
  end
  local found = {}
  if profile.partner == '' then found[''] = { ['@' .. agent] = 0 } end
  for name, queue in pairs(all.queues) do
    if not queue.needs.rostered or profile.partner ~= '' or has(all.duty[name], agent) then
      found[name] = of_queue(queue, profile, all.sites) or nil
    end
  end
  return found
end

local function by_name(pools)
  local found = {}
  for _, some in pairs(pools) do
    for pool, off in pairs(some) do found[pool] = off end
  end
  return found
end

-- Those of `some` that are not in `others`.
local function but(some, others)
  local found = {}
  for pool, off in pairs(some) do
    if others[pool] == nil then found[pool] = off end
  end
  return found
end

-- Be in the pools that profile, queues, sites and duty make.
local function join_pools(who)
  local pools = pools_of(who.agent, who.profile)
  local before, after = by_name(who.pools), by_name(pools)
  local went = but(before, after)
  count_in(went, who.state, 'logged_out')
  count_in(but(after, before), 'logged_out', who.state)
  who.pools = pools
  changed[AGENTS][who.agent] = true
  if who.state ~= 'ready' then return end
  for pool in pairs(went) do call('ZREM', idle(pool), who.agent) end
  for pool, off in pairs(after) do
    if before[pool] ~= off then stand_idle(who, pool, off) end
  end
end

local function take_agent(name, profile)
  local who = get(AGENTS, name) or {
    agent = name, profile = profile, pools = {}, state = 'logged_out', reason = '', since = 0, contact = '',
    queue = '', idle = 0, after = '', misses = 0, node = '',
  }
  if who.profile.gone then who.after = '' end
  who.profile = profile
  put(AGENTS, name, who)
  join_pools(who)
end

local function remove(who)
  who.profile.gone = true
  changed[AGENTS][who.agent] = true
  if who.state == 'ready' or who.state == 'not_ready' then
    call('ZREM', DEADLINES, 'r:' .. who.agent)
    becomes(who, 'logged_out', 'removed', {})
  elseif who.state == 'logged_out' then
    put(AGENTS, who.agent, false)
  else
    who.after = 'logged_out:removed'
  end
end
