-- renew FROM: the store was away, so every lease gets one fresh full term, at most once in a node's lease; and the node is
-- told its offers again, as the answers that told of them may be lost: RENEWED_MOST deadlines on from there.
local RENEWED_MOST = 30
local first = remembered()
if first then return first end
open()
if clock.renewed ~= now and now - clock.renewed >= NODE_LEASE_MS then clock.renewed = now end
local some, next_from = onwards(DEADLINES, tonumber(ARGV[4]), RENEWED_MOST)
for _, member in ipairs(some) do
  if string.sub(member, 1, 1) == 'o' then
    local lease = get(LEASES, string.sub(member, 3))
    if lease.node == NODE then
      lease.deadline = math.max(lease.deadline, clock.renewed + lease.rings + OFFER_GRACE_MS)
      changed[LEASES][lease.offer] = true
      tell(lease, get(ENTRIES, lease.contact))
    end
  end
end
return close(function() return { number = next_from } end)
