-- SPDX-License-Identifier: Apache-2.0
-- The books of a group of siltgates that share their caps. Runs inside Redis, one call at a time; every time is the server's.
-- Knows nothing of providers and HTTP: a scope is a name, a permit an id "<instance>:<ticket>".
--
--   KEYS[1] prefix, KEYS[2] prefix of channels, which all databases of a server share; ARGV: operation, instance, lease in ms, epoch of the group ("" for join), how often the instance has joined (this
--   time included), then by operation:
--   join   settle ms, server run, salt offered, "1" when it is the group's own and not a newcomer's, description, then id and scopes
--          (joined) of each permit held
--   beat   renews the lease
--   enter  id, class 0-2, session, "" or when it first started, age ms, then scope and cap ("3", automatic "a<start>", or "0": holds only) each
--   leave  id, then automatic scopes to report on: a permit returns or a request stops waiting
--   hold   scope, ms: nobody starts before
--   adapt  scope, version it was computed from, limit, state of the automatic limit
--   note   name, text: kept for all and told to all; "" forgets it
--   look   all instances    part   clean farewell
--
-- Answer: { 1, server ms, ms until time alone may change something for this instance (-1 never), { grant... }, further... };
-- { -1, ms } the group of that epoch is unknown, join first, or see (5); { -2, ms } this instance lost its lease and every permit with it;
-- { -3, ms, wait } a newcomer is too early, see (4).
-- A grant is the ticket, the server's ms, then the number in flight at each scope with it, in the order of the request's scopes.
--
-- Keys behind the prefix: group (run, epoch, seen, ready, settle), salt, alive (instance by end of lease), info, joins, holds, auto:<scope>,
-- held:<scope> (ids), of:<instance> (id -> scopes), asks:<instance> (id -> request), line:<root><class> (ids by turn),
-- turn:<root>, tags:<root>, roots:<scope>, notes. The root of a request is its widest scope; requests with the same root wait in one line.
--
-- (1) A request starts when every scope has room and none is held; it takes all permits at once or none.
-- (2) Order in a line: those that started before, then classes by weight 8/4/1 with ageing, then sessions in turn (start-time fair
--     queueing: a session that comes in time for the round under way has not missed it).
-- (3) When the server may have forgotten something (other run, emptied, all silent for half a lease) nobody starts until everybody
--     had the time to come back and say what it holds (settle), and nobody is declared dead. Who is connected is told to call.
-- (4) Newcomers join after that: with a newcomer's salt the keys would have other names than in what is running, and two caps each.
-- (5) What an instance sent on a connection it has given up may come late, when it has joined again: it is void.
-- (6) What permits depend on has no time to live, so that no policy of eviction takes it; the last to leave gives what stays 30 days.
local prefix, op, me, lease = KEYS[1], ARGV[1], ARGV[2], tonumber(ARGV[3])
local epoch, joins = table.remove(ARGV, 4), tonumber(table.remove(ARGV, 4))
local call, SEP, DAY = redis.call, '\30', 86400000
local stride = { 1, 2, 8 }

local function server_ms()
  local t = call('TIME')
  return t[1] * 1000 + math.floor(t[2] / 1000)
end

local now, ready, again = server_ms(), 0, nil
local granted, shut, touched = {}, {}, {}

local function key(name, rest) return prefix .. name .. (rest or '') end
local function tell(channel, text) call('PUBLISH', KEYS[2] .. channel, text) end
local function soon(at) if not again or at < again then again = at end end
local function split(text)
  local parts = {}
  for part in string.gmatch(text, '[^\30]+') do parts[#parts + 1] = part end
  return parts
end
local function line(root, class) return key('line:', root .. SEP .. class) end
local function owner(id) return string.match(id, '^[^:]+') end

-- A request as stored: root, line number (0 = started before), tag, then scope and cap each.
local function cap_of(scope, cap)
  if string.sub(cap, 1, 1) ~= 'a' then return tonumber(cap) end
  return tonumber(call('HGET', key('auto:', scope), 'limit')) or tonumber(string.sub(cap, 2))
end

local function has_room(ask)
  for i = 4, #ask, 2 do
    local scope = ask[i]
    if shut[scope] then return false end
    local held = tonumber(call('HGET', key('holds'), scope) or 0)
    if held > now then soon(held) elseif held > 0 then call('HDEL', key('holds'), scope) end
    if held > now or (ask[i + 1] ~= '0' and call('SCARD', key('held:', scope)) >= cap_of(scope, ask[i + 1])) then
      shut[scope] = true
      return false
    end
  end
  return true
end

local function first_open(root, class)
  if shut[root] then return nil end
  local at = 0
  while at < 1000 do
    local ids = call('ZRANGE', line(root, class), at, at + 49)
    for _, id in ipairs(ids) do
      local text = call('HGET', key('asks:', owner(id)), id)
      local ask = text and split(text)
      if not ask then call('ZREM', line(root, class), id)
      elseif has_room(ask) then return { id = id, ask = ask }
      elseif shut[root] then return nil end
    end
    if #ids < 50 then return nil end
    at = at + 50
  end
end

local function grant(id, ask)
  local scopes, word = {}, { string.match(id, ':(.*)$'), now }
  call('ZREM', line(ask[1], ask[2]), id)
  call('HDEL', key('asks:', owner(id)), id)
  for i = 4, #ask, 2 do
    if ask[i + 1] ~= '0' then
      call('SADD', key('held:', ask[i]), id)
      scopes[#scopes + 1] = ask[i]
      word[#word + 1] = call('SCARD', key('held:', ask[i]))
    end
  end
  call('HSET', key('of:', owner(id)), id, table.concat(scopes, SEP))
  if ask[2] ~= '0' then call('HSET', key('turn:', ask[1]), 'tag', ask[3]) end
  local text = table.concat(word, SEP)
  if owner(id) == me then granted[#granted + 1] = text else tell('to:' .. owner(id), text) end
end

-- The class whose turn it is among `open`, and the charge for it (schedule/class_turns.hpp says the rules).
local function take_turn(root, open)
  local turn = key('turn:', root)
  local f = call('HMGET', turn, 's1', 's2', 's3', 'p1', 'p2', 'p3', 'now', 'age')
  local best, aged, least
  for c = 1, 3 do
    if open[c] then
      local start = tonumber(f[c] or 0)
      if not best or start + stride[c] < tonumber(f[best] or 0) + stride[best] then best = c end
      local since = tonumber(f[c + 3] or now)
      if now - since >= tonumber(f[8] or DAY) and (not aged or since < tonumber(f[aged + 3])) then aged = c end
      if not least or start < least then least = start end
    end
  end
  local c = aged or best
  if c then
    call('HSET', turn, 's' .. c, tonumber(f[c] or 0) + stride[c], 'p' .. c, now, 'now', math.max(tonumber(f[7] or 0), least))
  end
  return c
end

local function serve(root)
  if now < ready then soon(ready) return end
  while true do
    local back = first_open(root, 0)
    if back then
      grant(back.id, back.ask)
    else
      local open = { first_open(root, 1) or false, first_open(root, 2) or false, first_open(root, 3) or false }
      local c = take_turn(root, open)
      if not c then return end
      grant(open[c].id, open[c].ask)
    end
  end
end

local function serve_touched()
  local roots = {}
  for scope in pairs(touched) do
    roots[scope] = true
    for _, root in ipairs(call('SMEMBERS', key('roots:', scope))) do roots[root] = true end
  end
  for root in pairs(roots) do serve(root) end
end

local function give_back(id, instance)
  local scopes = call('HGET', key('of:', instance), id)
  if not scopes then return end
  call('HDEL', key('of:', instance), id)
  for _, scope in ipairs(split(scopes)) do
    call('SREM', key('held:', scope), id)
    touched[scope] = true
  end
end

local function stop_asking(id, instance)
  local text = call('HGET', key('asks:', instance), id)
  if not text then return end
  local ask = split(text)
  call('HDEL', key('asks:', instance), id)
  call('ZREM', line(ask[1], ask[2]), id)
end

local function bury(instance)
  for _, id in ipairs(call('HKEYS', key('of:', instance))) do give_back(id, instance) end
  for _, id in ipairs(call('HKEYS', key('asks:', instance))) do stop_asking(id, instance) end
  call('ZREM', key('alive'), instance)
  call('HDEL', key('info'), instance)
  call('HDEL', key('joins'), instance)
end

local function share()
  local rank = 0
  for _, one in ipairs(call('ZRANGE', key('alive'), 0, -1)) do if one < me then rank = rank + 1 end end
  return call('ZCARD', key('alive')), rank
end

-- Where the request stands in its line: behind the others of its session, between other sessions.
local function place(root, class, session, first_start)
  local turn, tags = key('turn:', root), key('tags:', root)
  if first_start ~= '' then return tonumber(first_start), first_start end
  if call('HLEN', tags) > 4096 then call('DEL', tags) end
  local tag = math.max(tonumber(call('HGET', turn, 'tag') or 0), tonumber(call('HGET', tags, session) or 0))
  call('HSET', tags, session, tag + 1)
  if call('EXISTS', line(root, class)) == 0 then
    local f = call('HMGET', turn, 's' .. class, 'now')
    call('HSET', turn, 's' .. class, math.max(tonumber(f[1] or 0), tonumber(f[2] or 0)), 'p' .. class, now)
  end
  local number = call('HINCRBY', turn, 'number', 1)
  call('PEXPIRE', tags, DAY)
  return tag + (number % 1000000) / 1000000, tag
end

local ops = {}

-- (6)
local kept = { 'group', 'salt', 'holds', 'notes' }

function ops.join()
  local salt, info = ARGV[6], ARGV[8]
  for _, name in ipairs(kept) do call('PERSIST', key(name)) end
  call('SETNX', key('salt'), salt)
  bury(me)
  call('ZADD', key('alive'), now + lease, me)
  call('HSET', key('info'), me, info)
  call('HSET', key('joins'), me, joins)
  for i = 9, #ARGV, 2 do
    call('HSET', key('of:', me), ARGV[i], ARGV[i + 1])
    for _, scope in ipairs(split(ARGV[i + 1])) do call('SADD', key('held:', scope), ARGV[i]) end
  end
  serve_touched()
  local parts, rank = share()
  return { call('GET', key('salt')), parts, rank, math.max(0, ready - now), epoch, call('HGETALL', key('notes')) }
end

function ops.beat()
  call('ZADD', key('alive'), now + lease, me)
  local parts, rank = share()
  if ready <= now then
    for _, id in ipairs(call('HKEYS', key('asks:', me))) do
      local ask = split(call('HGET', key('asks:', me), id))
      touched[ask[1]] = true
    end
  end
  serve_touched()
  return { parts, rank, call('HKEYS', key('of:', me)) }
end

function ops.enter()
  local id, class, session, first_start = ARGV[4], ARGV[5] + 1, ARGV[6], ARGV[7]
  local found = {}
  for i = 9, #ARGV, 2 do
    if string.sub(ARGV[i + 1], 1, 1) == 'a' then found[#found + 1] = { ARGV[i], cap_of(ARGV[i], ARGV[i + 1]) } end
  end
  if call('HEXISTS', key('of:', me), id) == 1 then return found end
  local root, limits = ARGV[9], table.concat(ARGV, SEP, 9)
  if first_start ~= '' then class = 0 end
  local known = call('HGET', key('asks:', me), id)
  if known then  -- other caps than before, the same place
    local ask = split(known)
    if ask[1] == root then
      call('HSET', key('asks:', me), id, table.concat({ ask[1], ask[2], ask[3], limits }, SEP))
      serve(root)
      return found
    end
    stop_asking(id, me)
  end
  local score, tag = place(root, class, session, first_start)
  call('HSET', key('turn:', root), 'age', ARGV[8])
  call('PEXPIRE', key('turn:', root), DAY)
  call('HSET', key('asks:', me), id, table.concat({ root, class, tag, limits }, SEP))
  call('ZADD', line(root, class), score, id)
  for i = 11, #ARGV, 2 do
    if ARGV[i + 1] ~= '0' then
      call('SADD', key('roots:', ARGV[i]), root)
      call('PEXPIRE', key('roots:', ARGV[i]), DAY)
    end
  end
  serve(root)
  return found
end

function ops.leave()
  local id, report = ARGV[4], {}
  stop_asking(id, me)
  for i = 5, #ARGV do
    local scope = ARGV[i]
    local auto = call('HMGET', key('auto:', scope), 'version', 'state')
    local waiting = 0
    local roots = call('SMEMBERS', key('roots:', scope))
    roots[#roots + 1] = scope
    for _, root in ipairs(roots) do
      for c = 0, 3 do waiting = waiting + call('ZCARD', line(root, c)) end
    end
    report[#report + 1] = { scope, call('SCARD', key('held:', scope)), waiting, tonumber(auto[1] or 0), auto[2] or '' }
  end
  give_back(id, me)
  serve_touched()
  return report
end

function ops.hold()
  local scope, till = ARGV[4], now + tonumber(ARGV[5])
  if till <= tonumber(call('HGET', key('holds'), scope) or 0) then return {} end
  if call('HLEN', key('holds')) > 1000 then
    local all = call('HGETALL', key('holds'))
    for i = 1, #all, 2 do if tonumber(all[i + 1]) <= now then call('HDEL', key('holds'), all[i]) end end
  end
  call('HSET', key('holds'), scope, till)
  tell('all', table.concat({ 'hold', me, scope, ARGV[5] }, SEP))
  return {}
end

function ops.note()
  if call('HLEN', key('notes')) > 1000 then call('DEL', key('notes')) end
  if ARGV[5] == '' then call('HDEL', key('notes'), ARGV[4]) else call('HSET', key('notes'), ARGV[4], ARGV[5]) end
  tell('all', table.concat({ 'note', me, ARGV[4], ARGV[5] }, SEP))
  return {}
end

function ops.adapt()
  local scope, auto = ARGV[4], key('auto:', ARGV[4])
  local f = call('HMGET', auto, 'version', 'limit', 'state')
  if tonumber(f[1] or 0) ~= tonumber(ARGV[5]) then return { 0, tonumber(f[1] or 0), f[3] or '' } end
  call('HSET', auto, 'version', ARGV[5] + 1, 'limit', ARGV[6], 'state', ARGV[7])
  call('PEXPIRE', auto, 30 * DAY)
  if f[2] ~= ARGV[6] then
    tell('all', table.concat({ 'limit', me, scope, ARGV[6] }, SEP))
    touched[scope] = true
    serve_touched()
  end
  return { 1, ARGV[5] + 1, ARGV[7] }
end

function ops.look()
  local rows, list = {}, call('ZRANGE', key('alive'), 0, -1, 'WITHSCORES')
  for i = 1, #list, 2 do
    rows[#rows + 1] = { list[i], call('HGET', key('info'), list[i]) or '', call('HLEN', key('of:', list[i])),
      call('HLEN', key('asks:', list[i])), list[i + 1] - now }
  end
  return rows
end

function ops.part()
  bury(me)
  serve_touched()
  if call('EXISTS', key('alive')) == 0 then
    for _, name in ipairs(kept) do call('PEXPIRE', key(name), 30 * DAY) end
  end
  return {}
end

local group = call('HMGET', key('group'), 'run', 'epoch', 'seen', 'ready', 'settle')
local settle = op == 'join' and tonumber(ARGV[4]) or tonumber(group[5] or 0)
if op ~= 'join' and group[2] ~= epoch then return { -1, now } end
ready = math.min(tonumber(group[4] or 0), now + settle)  -- the server's clock may have been set back
if group[3] and now - group[3] > lease / 2 and call('ZCARD', key('alive')) > 0 then
  ready = math.max(ready, now + settle)
  tell('all', table.concat({ 'beat', '', '', '' }, SEP))  -- or its clock was set forward, and all are awake
end
if op == 'join' then
  epoch = group[2]
  if group[1] ~= ARGV[5] then
    ready, epoch = math.max(ready, now + settle), tostring(now) .. me
    tell('all', table.concat({ 'beat', me, '', '' }, SEP))  -- who is connected noticed nothing when a database is emptied
  end
  call('HSET', key('group'), 'run', ARGV[5], 'epoch', epoch, 'settle', settle)
end
if op ~= 'look' then call('HSET', key('group'), 'seen', now, 'ready', ready) end
if op == 'join' and ARGV[7] ~= '1' and now < ready then return { -3, now, ready - now } end
if now >= ready then
  for _, dead in ipairs(call('ZRANGEBYSCORE', key('alive'), '-inf', now)) do bury(dead) end
  if next(touched) then
    serve_touched()
    touched = {}
  end
end
if op ~= 'join' and op ~= 'look' and not call('ZSCORE', key('alive'), me) then return { -2, now } end
if op ~= 'look' and tonumber(call('HGET', key('joins'), me) or joins) > joins then return { -1, now } end
local further = ops[op]()
local answer = { 1, now, -1, granted }
if call('EXISTS', key('asks:', me)) == 1 then
  if now < ready then soon(ready) end
  local first = call('ZRANGE', key('alive'), 0, 1, 'WITHSCORES')
  for i = 1, #first, 2 do
    if first[i] ~= me and tonumber(first[i + 1]) > now then soon(tonumber(first[i + 1])) end
  end
  if again then answer[3] = again - now + 1 end
end
for _, more in ipairs(further) do answer[#answer + 1] = more end
return answer
