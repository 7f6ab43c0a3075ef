-- leave CONTACT CAUSE DISPOSITION: the contact is over, whatever its state; after an accept that is the end of the talk.
local first = remembered()
if first then return first end
local entry = get(ENTRIES, ARGV[4])
open()
if entry then finish(entry, ARGV[5], ARGV[6], 'caller_left') end
return close()
