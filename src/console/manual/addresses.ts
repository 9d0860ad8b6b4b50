/** Where the links of a page of docs/ lead inside the console. */

/** The identity of a heading as the pages' own links name it (as code hosts make them). */
export function slugOf(heading: string): string {
  return heading
    .toLowerCase()
    .trim()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .replace(/\s/g, '-')
}

/** What a link is: a page of the manual, a place on the same page, another site, or a file that the console does not show. */
export type Target = { kind: 'page' | 'place' | 'site'; address: string } | { kind: 'file' }

/** @param names of the pages there are */
export function targetOf(link: string, names: readonly string[]): Target {
  if (link.startsWith('#')) return { kind: 'place', address: link }
  if (/^https?:\/\//i.test(link)) return { kind: 'site', address: link }
  const [, name = '', place = ''] = /^(?:\.\/|docs\/|\.\.\/docs\/)?([\w-]+)\.md(#.*)?$/.exec(link) ?? []
  return names.includes(name) ? { kind: 'page', address: `/manual/${name}${place}` } : { kind: 'file' }
}
