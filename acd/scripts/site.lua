-- site SITE CAUSE: the site is lost for this cause; empty: it is back. Nothing for one that is not configured.
local first = remembered()
if first then return first end
local text = call('HGET', SITES, ARGV[4])
open()
if text then
  local site, lost = cjson.decode(text), ARGV[5]
  if lost ~= site.lost then
    announce(lost ~= '' and 'site_lost' or 'site_back', { site = site.site, cause = lost ~= '' and lost or site.lost })
  end
  site.lost = lost
  call('HSET', SITES, ARGV[4], cjson.encode(site))
end
return close()
