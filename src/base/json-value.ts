/** Any JSON value (RFC 8259). */
export type Json = null | boolean | number | string | Json[] | JsonObject
/** A JSON object; members are never `undefined`. */
export interface JsonObject {
  [member: string]: Json
}
