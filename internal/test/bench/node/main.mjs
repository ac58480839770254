#!/usr/bin/env node
// What ../plain does, for Node.js: the runtime API's loop (with connections kept alive, as the official
// runtime does), and the same job for a signed VOD callback.
import { createHash } from 'node:crypto';
import http from 'node:http';

const base = `http://${process.env.FC_RUNTIME_API}/2020-11-11/runtime/invocation/`;
const agent = new http.Agent({ keepAlive: true });

function call(method, path, body) {
  return new Promise((resolve, reject) => {
    const req = http.request(base + path, { method, agent, headers: body ? { 'Content-Type': 'application/json' } : {} }, (res) => {
      const parts = [];
      res.on('data', (part) => parts.push(part));
      res.on('end', () => resolve({ headers: res.headers, body: Buffer.concat(parts).toString() }));
    });
    req.on('error', reject);
    req.end(body);
  });
}

const answer = (statusCode, result) => JSON.stringify({
  statusCode, headers: { 'Content-Type': 'application/json' }, isBase64Encoded: false, body: JSON.stringify({ result }),
});

function handle(text, requestId) {
  const event = JSON.parse(text);
  if (event.requestContext.http.method !== 'POST') return answer(405, 'method not allowed');
  const signed = `https://${event.requestContext.domainName}${event.rawPath}|${event.headers['X-Vod-Timestamp']}|${process.env.VOD_CALLBACK_KEYS}`;
  if (createHash('md5').update(signed).digest('hex') !== event.headers['X-Vod-Signature'].toLowerCase()) return answer(401, 'unauthorized');
  const e = JSON.parse(event.body);
  const canonical = JSON.stringify(Object.fromEntries(Object.keys(e).sort().map((name) => [name, e[name]])));
  console.log(JSON.stringify({
    time: new Date(), level: 'INFO', msg: 'outcome', request_id: requestId,
    outcome: {
      event_type: e.EventType, event_time: e.EventTime, status: e.Status, media_id: e.MediaId, project_id: e.ProjectId,
      error_code: e.ErrorCode, error_message: e.ErrorMessage, digest: createHash('sha256').update(canonical).digest('hex').slice(0, 12), raw: e,
    },
  }));
  return answer(200, 'recorded');
}

async function work(invocation) {
  const id = invocation.headers['x-fc-request-id'];
  console.log(`FC Invoke Start RequestId: ${id}`);
  const result = handle(invocation.body, id);
  console.log(`FC Invoke End RequestId: ${id}`);
  await call('POST', `${id}/response`, result);
}

for (;;) work(await call('GET', 'next'));
