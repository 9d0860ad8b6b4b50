/**
 * Clusters of ICD-11: stem codes joined by `/`, extension codes behind their stem by `&`, e.g. `stem&ext&ext/stem`
 * (ICD-11 Reference Guide, 2.9 and 2.10: code combinations and post-coordination).
 */

/** A code of a cluster and where it begins, from 1. */
export interface ClusterPart {
  code: string
  column: number
}

/** A stem and what extends it. */
export interface StemWithExtensions {
  stem: ClusterPart
  extensions: ClusterPart[]
}

/** What a text says, or what is wrong with it. */
export type ParsedCluster = { stems: StemWithExtensions[] } | { fault: string }

/** Longest cluster in characters: WHO's own hold some ten codes. */
export const LONGEST = 1_000
/** Most codes of a cluster. */
const MOST_CODES = 50

/** Whether a text is meant as a cluster. */
export const isCluster = (text: string): boolean => text.includes('/') || text.includes('&')

/** Reads a cluster. */
export function parseCluster(text: string): ParsedCluster {
  if (text.length > LONGEST) return { fault: `the cluster is longer than ${LONGEST} characters` }
  const stems: StemWithExtensions[] = []
  let codes = 0
  let at = 0
  let joint = '/'
  for (;;) {
    let end = at
    while (end < text.length && text[end] !== '/' && text[end] !== '&') end++
    const part = { code: text.slice(at, end), column: at + 1 }
    const fault = faultOf(part, joint)
    if (fault !== undefined) return { fault }
    if (++codes > MOST_CODES) return { fault: `the cluster has more than ${MOST_CODES} codes` }
    if (joint === '/') stems.push({ stem: part, extensions: [] })
    else stems.at(-1)?.extensions.push(part)
    if (end === text.length) return { stems }
    joint = text[end] ?? ''
    at = end + 1
  }
}

function faultOf({ code, column }: ClusterPart, joint: string): string | undefined {
  const where = column === 1 ? 'at the beginning of the cluster' : `behind '${joint}' at column ${column - 1}`
  if (code === '') return `there is no code ${where}`
  if (/\s/.test(code)) return `there is a blank in '${code.slice(0, 40)}' ${where}`
  if (/[()]/.test(code)) return `clusters have no brackets, '${code.slice(0, 40)}' has ${where}`
  return undefined
}
