/** Headers of every reply: nothing this server says is to be run, framed or guessed at by a browser. */
const securityHeaders: Readonly<Record<string, string>> = {
  'X-Content-Type-Options': 'nosniff',
  'X-Frame-Options': 'DENY',
  'Content-Security-Policy': "default-src 'none'; frame-ancestors 'none'",
  'Referrer-Policy': 'no-referrer',
}

/** Headers of replies that pages may read, beside those that every page may. */
const exposed = [
  'ETag',
  'Location',
  'Content-Location',
  'Last-Modified',
  'X-Request-Id',
  'Link',
  'RateLimit',
  'RateLimit-Policy',
  'Retry-After',
  'Warning',
  'WWW-Authenticate',
  'Accept-Ranges',
  'Content-Range',
  'Content-Digest',
  'Repr-Digest',
  'Signature',
  'Signature-Input',
  'traceparent',
  'X-SIGNATURE',
]

/** Headers that pages may send. */
const sendable = [
  'Accept',
  'Accept-Language',
  'Authorization',
  'Content-Type',
  'Content-Encoding',
  'If-Match',
  'If-None-Match',
  'If-None-Exist',
  'If-Modified-Since',
  'Prefer',
  'Range',
  'If-Range',
  'X-Provenance',
  'X-Request-Id',
  'X-VERSION',
  'traceparent',
  'tracestate',
  'Signature',
  'Signature-Input',
  'Content-Digest',
]

/** CORS: everything public may be read from any page; no cookies are ever used. */
const corsHeaders: Readonly<Record<string, string>> = {
  'Access-Control-Allow-Origin': '*',
  'Access-Control-Expose-Headers': exposed.join(', '),
}

/** Answer to a preflight (https://fetch.spec.whatwg.org/#cors-preflight-fetch). */
export const preflightHeaders: Readonly<Record<string, string>> = {
  'Access-Control-Allow-Methods': 'GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS',
  'Access-Control-Allow-Headers': sendable.join(', '),
  'Access-Control-Max-Age': '86400',
}

/** What stands on every reply, for `Object.assign` and spread. */
export const constantHeaders: Readonly<Record<string, string>> = {
  ...securityHeaders,
  ...corsHeaders,
  Vary: 'Accept, Accept-Encoding, Accept-Language, Authorization',
}
