-- accept OFFER FENCE: the agent answered. Once more, it is accepted still.
local first = remembered()
if first then return first end
local lease = get(LEASES, ARGV[4])
if not lease or lease.fence ~= tonumber(ARGV[5]) then
  return refuse('NOOFFER offer ' .. ARGV[4] .. ' is no longer held with fence ' .. ARGV[5])
end

open()
if not lease.accepted then
  local entry, who = change(ENTRIES, lease.contact), change(AGENTS, lease.agent)
  local waited, rang, partner = now - entry.arrived, now - lease.made, lease.grounds.partner
  lease.accepted = true
  put(LEASES, lease.offer, lease)
  entry.state, entry.answered = 'talking', now
  call('ZREM', DEADLINES, 'o:' .. lease.offer)
  call('ZREM', TIMERS, 't:' .. entry.contact)
  saw_taken(entry)
  if entry.terms.kind == 'callback' then
    callbacks.over(entry, 'reached', '')
  elseif entry.terms.kind == 'colleague' then
    call('ZREM', asked(entry.queue), entry.member)
    emit('colleague_found', entry, of(lease, { waited_ms = waited, rang_ms = rang }))
  elseif partner ~= '' then
    emit('partner_answered', entry, {
      offer = lease.offer, queue = lease.queue, partner = partner, waited_ms = waited, rang_ms = rang,
    })
    leaves(entry, 'flowed_out', 'partner')
  else
    call('ZREM', arrived(entry.queue), entry.member)
    call('HINCRBY', numbers(entry.queue), 'a', 1)
    emit('contact_answered', entry, of(lease, {
      waited_ms = waited, rang_ms = rang, total_waited_ms = now - entry.since,
    }))
  end
  who.misses = 0
  becomes(who, 'talking', '', { contact = entry.contact, queue = entry.queue })
end
return close(function() return { contact = lease.contact } end)
