-- due: all that time does, as many steps as STEP_LIMIT allows; `next_in_ms` is 0 when more is left.
local first = remembered()
if first then return first end

-- Whose time it is; a time of nobody would stop all that comes after it.
local function known(kind, name)
  local hash = kind == 'o' and LEASES or (kind == 'w' or kind == 'r') and AGENTS
    or (kind == 't' or kind == 'c' or kind == 'x') and ENTRIES
  return not hash or get(hash, name)
end

open()
local left = STEP_LIMIT
while left > 0 do
  local member, at = head(DEADLINES)
  local timer, timer_at = head(TIMERS)
  if not member or (timer and timer_at < at) then member, at = timer, timer_at end
  if not member or at > now then break end
  local kind, name = string.sub(member, 1, 1), string.sub(member, 3)
  local counts = AGENT_STEP
  if not known(kind, name) then
    violated('stuck_state')
    for _, times in ipairs({ DEADLINES, TIMERS }) do call('ZREM', times, member) end
  elseif (kind == 'o' or kind == 'n') and renewed(member) then
    counts = CONTACT_STEP
  elseif kind == 'o' then
    missed(get(LEASES, name), 'lease_expired', true)
  elseif kind == 'w' then
    local who = get(AGENTS, name)
    wrapped_up(who, '', 'timeout')
    settle(who)
  elseif kind == 'r' then
    call('ZREM', DEADLINES, member)
    becomes(get(AGENTS, name), 'ready', '', {})
  elseif kind == 't' then
    call('ZREM', TIMERS, member)
    widen(get(ENTRIES, name))
    counts = CONTACT_STEP
  elseif kind == 'c' then
    callbacks.rested(name)
  elseif kind == 'x' then
    callbacks.expire(name)
  elseif kind == 'q' then
    recheck(name)
    counts = SLOW_STEP
  elseif kind == 'z' then
    reopen_some(name)
    counts = SLOW_STEP
  else
    counts = drop_one(name, 'node_lost')
    if not counts then
      call('ZREM', DEADLINES, member)
      counts = CONTACT_STEP
    end
  end
  left = left - counts
end
return close()
