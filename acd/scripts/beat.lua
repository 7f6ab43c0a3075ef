-- beat: the node that calls lives. Gives how many contacts it is known to hold.
open()
call('ZADD', DEADLINES, now + NODE_LEASE_MS, 'n:' .. NODE)
return close(function() return { number = call('ZCARD', held(NODE)) } end)
