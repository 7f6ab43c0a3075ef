-- due: all that time does, STEP_LIMIT steps at most; `next_in_ms` is 0 when more is left.
local first = remembered()
if first then return first end
open()
for _ = 1, STEP_LIMIT do
  local member, at = head(DEADLINES)
  if not member or at > now then break end
  local kind, name = string.sub(member, 1, 1), string.sub(member, 3)
  if kind == 'o' then
    missed(get(LEASES, name), 'lease_expired', true)
  elseif kind == 'w' then
    local who = get(AGENTS, name)
    wrapped_up(who, '', 'timeout')
    settle(who)
  elseif kind == 'r' then
    call('ZREM', DEADLINES, member)
    becomes(get(AGENTS, name), 'ready', '', {})
  elseif not drop_one(name, 'node_lost') then
    call('ZREM', DEADLINES, member)
  end
end
return close()
