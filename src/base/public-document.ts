/**
 * Bytes that are served as they are: documents that others find at an address of their own, outside of FHIR's negotiation (key
 * lists, signed references, legacy lists). At the bottom of the house because many rooms make them and one serves them.
 */

/**
 * One document. Who answers the same object again spares the server to prepare its headers anew; it must not be changed once it was
 * answered.
 */
export interface PublicDocument {
  /** 200 by default. What has another is sent whole, without conditions and ranges. */
  status?: number
  body: Buffer
  contentType: string
  /** Strong, with its quotes (RFC 9110 §8.8.3). */
  etag?: string
  /** `no-cache` by default. */
  cacheControl?: string
  /** Further headers, and those in place of what every document has: `Vary` is `Accept` by default. */
  headers?: Record<string, string>
  /** For the access log, in place of the address: `/fhir/r/:id`; `document` by default. */
  route?: string
}

/** What is asked for. */
export interface DocumentQuestion {
  /** As sent, without query: `/v2/trustlist/did.json`, `/fhir/r/x.jws`, `/rules/AT`; nothing in it is decoded. */
  path: string
  /** `Accept` as sent. */
  accept: string | undefined
}

/**
 * Finds the document at a path; undefined when the path is another's affair. What is found at once, and not by a promise, is
 * written at once. What it throws becomes an OperationOutcome. It is not asked for paths below the FHIR base that begin like a
 * resource type, or for the base itself.
 */
export type FindDocument = (asked: DocumentQuestion) => PublicDocument | undefined | Promise<PublicDocument | undefined>

/** A form that was posted to an address outside of FHIR. */
export interface PostedForm {
  /** As sent. */
  contentType: string | undefined
  authorization: string | undefined
  /** The body, UTF-8. */
  text: string
  /** Who sent it, as limits name him. */
  client: string
}

/** Answers a form that is posted. What it throws becomes an OperationOutcome. */
export type AnswerForm = (form: PostedForm) => Promise<PublicDocument>
