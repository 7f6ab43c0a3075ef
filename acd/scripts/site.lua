-- site SITE CAUSE: the site is lost for this cause; empty: it is back. Nothing for one that is not configured.
local first = remembered()
if first then return first end
local SITES = PREFIX .. 'sites'
local text = call('HGET', SITES, ARGV[4])
open()
if text then
  local site = cjson.decode(text)
  site.lost = ARGV[5]
  call('HSET', SITES, ARGV[4], cjson.encode(site))
end
return close()
