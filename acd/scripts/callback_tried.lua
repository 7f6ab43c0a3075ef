-- callback_tried CALLBACK CAUSE: the node that calls could not put them together. Nothing where it does not have it.
local first = remembered()
if first then return first end
local entry = get(ENTRIES, ARGV[4])
open()
if entry and entry.terms.kind == 'callback' and entry.node == NODE then
  if entry.state == 'talking' then
    finish(entry, 'error', 'lost', 'caller_left')
  else
    callbacks.tried(entry, ARGV[5])
  end
end
return close()
