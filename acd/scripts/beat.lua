-- beat: the node that calls lives. Gives how many contacts it is known to hold, and how many queues there are.
open()
call('ZADD', DEADLINES, now + NODE_LEASE_MS, 'n:' .. NODE)
return close(function() return { number = call('ZCARD', held(NODE)), queues = call('HLEN', QUEUES) } end)
