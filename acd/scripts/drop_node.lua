-- drop_node NODE CAUSE: end what the node held, as many contacts as STEP_LIMIT allows. Gives how many it were.
local first = remembered()
if first then return first end
open()
local number, left = 0, STEP_LIMIT
while left > 0 do
  local counts = drop_one(ARGV[4], ARGV[5])
  if not counts then break end
  number, left = number + 1, left - counts
end
return close(function() return { number = number } end)
