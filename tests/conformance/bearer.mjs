// Preloaded into the conformance suite, which has no option for headers: every request it makes carries the token.
//
// CONFORMANCE_TOKEN is the token, CONFORMANCE_SUITE the suite's package.json. Nothing but Authorization is touched: the
// suite sends hosts and origins of its own choice, and means them.

import http from "node:http";
import { createRequire, syncBuiltinESMExports } from "node:module";

const authorization = `Bearer ${process.env.CONFORMANCE_TOKEN}`;
const undici = createRequire(process.env.CONFORMANCE_SUITE)("undici");

// undici takes headers as names and values in turn, as pairs, or as an object.
function withToken(headers) {
  if (Array.isArray(headers)) return [...headers, "authorization", authorization];
  if (typeof headers?.[Symbol.iterator] === "function") return [...headers, ["authorization", authorization]];
  return { ...headers, authorization };
}

// The global dispatcher is the one of the built-in fetch too.
const carrying = (dispatch) => (options, handler) =>
  dispatch({ ...options, headers: withToken(options.headers) }, handler);
undici.setGlobalDispatcher(undici.getGlobalDispatcher().compose(carrying));

const plainRequest = http.request;
http.request = function request(...given) {
  const made = plainRequest.apply(this, given);
  if (!made.hasHeader("authorization")) made.setHeader("authorization", authorization);
  return made;
};
syncBuiltinESMExports();
