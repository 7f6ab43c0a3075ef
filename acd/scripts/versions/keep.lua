-- keep ID RECORD LISTING MOST: a version of the flows, its files' content already there as blobs that would expire.
-- LISTING: [[path, sha256, size], ...]. The oldest that is not in service goes when there are more than MOST.
local first = remembered()
if first then return first end
local ID, MOST = ARGV[4], tonumber(ARGV[7])
local VERSIONS, LISTINGS, ORDER = PREFIX .. 'flows:versions', PREFIX .. 'flows:listings', PREFIX .. 'flows:order'
local REFERENCES, BLOB = PREFIX .. 'flows:references', PREFIX .. 'flows:blob:'

local function distinct(listing)
  local found = {}
  for _, file in ipairs(cjson.decode(listing)) do found[file[2]] = true end
  return found
end

local kept = call('HGET', VERSIONS, ID)
if kept then return cjson.encode({ record = kept }) end
read_clock()
local blobs = distinct(ARGV[6])
for blob in pairs(blobs) do
  if call('EXISTS', BLOB .. blob) == 0 then return cjson.encode({ lacking = blob }) end
end
for blob in pairs(blobs) do
  call('HINCRBY', REFERENCES, blob, 1)
  call('PERSIST', BLOB .. blob)
end
local record = cjson.decode(ARGV[5])
record.at_ms = now
local text = cjson.encode(record)
call('HSET', VERSIONS, ID, text)
call('HSET', LISTINGS, ID, ARGV[6])
call('ZADD', ORDER, now, ID)

local pointer = cjson.decode(call('GET', PREFIX .. 'flows:pointer') or '{}')
local canary = type(pointer.canary) == 'table' and pointer.canary.version
for _, old in ipairs(call('ZRANGE', ORDER, 0, call('ZCARD', ORDER) - MOST + 1)) do
  if call('ZCARD', ORDER) > MOST and old ~= pointer.active and old ~= canary and old ~= ID then
    for blob in pairs(distinct(call('HGET', LISTINGS, old))) do
      if call('HINCRBY', REFERENCES, blob, -1) <= 0 then
        call('HDEL', REFERENCES, blob)
        call('UNLINK', BLOB .. blob)
      end
    end
    call('HDEL', VERSIONS, old)
    call('HDEL', LISTINGS, old)
    call('ZREM', ORDER, old)
  end
end
local answer = cjson.encode({ record = text })
remember(answer)
call('HSET', META, 'turned', clock.turned)
return answer
