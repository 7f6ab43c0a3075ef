-- drop_node NODE CAUSE: end what the node held, STEP_LIMIT contacts at most. Gives how many it were.
local first = remembered()
if first then return first end
open()
local number = 0
while number < STEP_LIMIT and drop_one(ARGV[4], ARGV[5]) do number = number + 1 end
return close(function() return { number = number } end)
