import Redis

/// The Lua scripts of claim and commit.
///
/// Lua's numbers are doubles, so epochs and offsets stay strings and are compared as such. Lua has no rollback: a
/// script checks everything before it writes, and its first write goes through `pcall`, so that a refusal (OOM,
/// READONLY, MISCONF: decided once per script; NOPERM) is returned in the server's own words with nothing written. A
/// commit's first write is a SET, since the claim has shown that HSET is allowed. Lists of arguments are walked, never
/// unpacked.
enum RedisScripts {
    /// `KEYS`: head. `ARGV`: format, partition count, nonce, owner's label.
    /// Returns epoch, next, timestamp, crc (null or empty where nothing was applied).
    static let claim = RedisScript(
        #"""
        local kind = redis.call('TYPE', KEYS[1])['ok']
        if kind ~= 'none' and kind ~= 'hash' then
          return {err = 'WRONGTYPE ' .. KEYS[1] .. ' is a ' .. kind}
        end
        if kind == 'hash' then
          local head = redis.call('HMGET', KEYS[1], 'format', 'partitions', 'epoch')
          if head[1] ~= ARGV[1] then return {err = 'FORMAT ' .. (head[1] or 'none')} end
          if head[2] ~= ARGV[2] then return {err = 'PARTITIONS ' .. (head[2] or 'none')} end
          if not string.find(head[3] or '', '^%d+$') then return {err = 'CORRUPT epoch'} end
        end
        local raised = redis.pcall('HINCRBY', KEYS[1], 'epoch', 1)
        if type(raised) == 'table' then return raised end
        local now = redis.call('TIME')
        redis.call('HSET', KEYS[1], 'format', ARGV[1], 'partitions', ARGV[2], 'nonce', ARGV[3], 'owner', ARGV[4],
          'claimed', now[1] .. string.format('%03d', math.floor(now[2] / 1000)))
        return redis.call('HMGET', KEYS[1], 'epoch', 'next', 'timestamp', 'crc')
        """#)

    /// `KEYS`: head, state keys. `ARGV`: format, nonce, epoch, expected next ('' for none), next, timestamp, crc, time
    /// to live in ms ('' for ever), then one value per state key. Returns 1 when all was written, 0 when the fence or
    /// the offset differ.
    static let commit = RedisScript(
        #"""
        if #ARGV ~= #KEYS + 7 then return {err = 'ERR keys and values differ in number'} end
        local kind = redis.call('TYPE', KEYS[1])['ok']
        if kind == 'none' then return 0 end
        if kind ~= 'hash' then return {err = 'WRONGTYPE ' .. KEYS[1] .. ' is a ' .. kind} end
        local head = redis.call('HMGET', KEYS[1], 'format', 'nonce', 'epoch', 'next')
        if head[1] ~= ARGV[1] then return {err = 'FORMAT ' .. (head[1] or 'none')} end
        if head[2] ~= ARGV[2] or head[3] ~= ARGV[3] or (head[4] or '') ~= ARGV[4] then return 0 end
        for i = 2, #KEYS do
          local kind = redis.call('TYPE', KEYS[i])['ok']
          if kind ~= 'none' and kind ~= 'string' then return {err = 'WRONGTYPE ' .. KEYS[i] .. ' is a ' .. kind} end
        end
        local function put(call, i)
          if ARGV[8] == '' then return call('SET', KEYS[i], ARGV[i + 7]) end
          return call('SET', KEYS[i], ARGV[i + 7], 'PX', ARGV[8])
        end
        if #KEYS > 1 then
          local first = put(redis.pcall, 2)
          if first.err then return first end
        end
        local now = redis.call('TIME')
        local moved = redis.pcall('HSET', KEYS[1], 'next', ARGV[5], 'timestamp', ARGV[6], 'crc', ARGV[7],
          'committed', now[1] .. string.format('%03d', math.floor(now[2] / 1000)))
        if type(moved) == 'table' then return moved end
        for i = 3, #KEYS do put(redis.call, i) end
        return 1
        """#)
}
