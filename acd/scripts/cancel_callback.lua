-- cancel_callback CALLBACK: the caller does not want it any more. `number` is 1 where it was cancelled.
local first = remembered()
if first then return first end
local entry = get(ENTRIES, ARGV[4])
local standing = entry and entry.terms.kind == 'callback' and entry.state ~= 'talking'
open()
if standing then callbacks.finish(entry, 'cancelled', '', true) end
return close(function() return { number = standing and 1 or 0 } end)
