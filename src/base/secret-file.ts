/** Settings that name the file of a secret: an operator may have put the secret itself there, and then nothing may repeat it. */

/** A file that a person names: from the root or a folder, or with an extension. */
const named = /^(?:[/\\]|\.{1,2}[/\\]|[A-Za-z]:[/\\])|\.[A-Za-z]\w{0,7}$/
/** A line of base64 may begin as a path does. */
const base64 = /^[A-Za-z0-9+/=_-]{40,}$/

/**
 * What to say of a setting that should name a file, where the text may be the secret itself.
 * @param text as it was given
 * @param isThere whether a file of that name is there
 * @returns undefined for a file that is there, and for what is the name of a file
 */
export function missingSecret(text: string, isThere: boolean): string | undefined {
  if (isThere) return undefined
  if (named.test(text) && !/[\r\n]|-----/.test(text) && !base64.test(text)) return undefined
  return 'there is no such file; what stands there is not shown, for it may be the secret itself: the path of a file is wanted'
}
