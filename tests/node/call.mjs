// Connects with an official TypeScript client, lists the tools, calls one, and prints what it saw as one JSON object.
//
// Standard input:
//   {"client": "v1" | "v2" | "v2-auto" | "sse", "url", "token", "command"?, "tool"?, "arguments"?, "elicit"?, "seconds"?}.
//   v1: @modelcontextprotocol/sdk; v2: @modelcontextprotocol/client, session era; v2-auto: it negotiates the era;
//   sse: v1 over the transport of 2024-11-05.
//   command: a program and its arguments, started and spoken to over pipes instead of the URL; GATEHOUSE_TOKEN is set.
//   elicit: how a URL elicitation is answered ("accept", "decline", "cancel"); left out, the client does not offer it.
// Standard output: {"version", "server", "tools", "result"? , "error"?, "elicited": [], "progress": []}.

import { Client as ClientV1 } from "@modelcontextprotocol/sdk/client/index.js";
import { SSEClientTransport } from "@modelcontextprotocol/sdk/client/sse.js";
import { StdioClientTransport as PipeV1 } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport as TransportV1 } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { Client as ClientV2, StreamableHTTPClientTransport as TransportV2 } from "@modelcontextprotocol/client";
import { StdioClientTransport as PipeV2 } from "@modelcontextprotocol/client/stdio";

async function standardInput() {
  let text = "";
  for await (const piece of process.stdin) text += piece;
  return JSON.parse(text);
}

function isV1(asked) {
  return asked.client === "v1" || asked.client === "sse";
}

function connectable(asked) {
  const who = { name: `gatehouse-tests-${asked.client}`, version: "1.0.0" };
  const capabilities = asked.elicit ? { elicitation: { url: {} } } : {};
  const headers = asked.token ? { Authorization: `Bearer ${asked.token}` } : {};
  const [Pipe, Http] = isV1(asked) ? [PipeV1, asked.client === "sse" ? SSEClientTransport : TransportV1] : [PipeV2, TransportV2];
  const [command, ...args] = asked.command ?? [];
  const transport = command
    ? new Pipe({ command, args, env: { GATEHOUSE_TOKEN: asked.token, PATH: process.env.PATH } })
    : new Http(new URL(asked.url), { requestInit: { headers } });
  if (isV1(asked)) return [new ClientV1(who, { capabilities }), transport];
  const versionNegotiation = { mode: asked.client === "v2-auto" ? "auto" : "legacy" };
  return [new ClientV2(who, { capabilities, versionNegotiation }), transport];
}

function refusal(error) {
  return { name: error.constructor.name, code: error.code ?? null, message: error.message, data: error.data ?? null };
}

async function allTools(client) {
  const tools = [];
  let cursor;
  do {
    const answer = await client.listTools(cursor ? { cursor } : {});
    tools.push(...answer.tools);
    cursor = answer.nextCursor;
  } while (cursor);
  return tools;
}

const asked = await standardInput();
const seen = { version: null, server: null, tools: [], elicited: [], progress: [] };
const [client, transport] = connectable(asked);
if (asked.elicit) {
  client.setRequestHandler(isV1(asked) ? ElicitRequestSchema : "elicitation/create", async (request) => {
    seen.elicited.push(request.params);
    return { action: asked.elicit };
  });
}
const timeout = (asked.seconds ?? 45) * 1000;
const options = { timeout, onprogress: (step) => seen.progress.push(step), resetTimeoutOnProgress: true };
try {
  await client.connect(transport);
  seen.version = transport.protocolVersion ?? client.getNegotiatedProtocolVersion?.() ?? null;
  seen.server = client.getServerVersion() ?? null;
  seen.tools = await allTools(client);
  if (asked.tool) {
    const call = { name: asked.tool, arguments: asked.arguments ?? {} };
    seen.result = isV1(asked) ? await client.callTool(call, undefined, options) : await client.callTool(call, options);
  }
} catch (error) {
  seen.error = refusal(error);
} finally {
  await client.close().catch(() => {});
}
process.stdout.write(JSON.stringify(seen) + "\n");
