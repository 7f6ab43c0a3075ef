-- beat: the node that calls lives. Gives how many contacts it is known to hold, how many queues there are, and the
-- configuration that has not come to its end, with the time since its latest part.
open()
call('ZADD', DEADLINES, now + NODE_LEASE_MS, 'n:' .. NODE)
local run, swept, sliced = unpack(call('HMGET', META, 'run', 'swept', 'sliced'))
local unfinished = run ~= swept and { run, now - sliced }
return close(function()
  return { number = call('ZCARD', held(NODE)), queues = call('HLEN', QUEUES), unfinished = unfinished }
end)
