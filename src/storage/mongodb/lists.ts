/** Questions about versions that are no searches: canonicals, publications, numbers, and what was written when. */
import { parseCanonical } from '../../fhir/canonical.ts'
import type { Resource } from '../../fhir/types.ts'
import { byVersionAndStatus } from '../canonical-order.ts'
import type { Past, Publication } from '../storage.ts'
import { resourceOf } from '../write.ts'
import { endOfTime } from './documents.ts'
import type { Reading } from './reading.ts'
import { textOf } from './versions.ts'

/** {@link Storage.findCanonical} */
export function findCanonical({ collections, read }: Reading, type: string, canonical: string): Promise<Resource[]> {
  const { url, version } = parseCanonical(canonical)
  const name = version === undefined ? { url } : { url, version }
  return read(async (asking) => {
    const filter = { type, 'names.url': url, superseded: endOfTime }
    const found = collections.versions.find({ ...filter, names: { $elemMatch: name } }, asking)
    const ranked: { resource: Resource; business: string; seq: number }[] = []
    for await (const each of found) {
      const text = await textOf(collections, each, asking)
      if (text === undefined) continue
      const business = each.names.find((one) => one.url === url && (version ?? one.version) === one.version)?.version
      ranked.push({ resource: resourceOf({ text, exact: each.exact }), business: business ?? '', seq: each.seq })
    }
    ranked.sort((a, b) => byVersionAndStatus(a, b) || b.seq - a.seq)
    return ranked.map(({ resource }) => resource)
  })
}

/** {@link Storage.publications} */
export function publications({ collections, read }: Reading): Promise<Publication[]> {
  const projection = { type: 1, id: 1, vid: 1, as: 1, superseded: 1 }
  return read(async (asking) => {
    const found = await collections.versions
      .find({ published: true }, { ...asking, projection })
      .sort({ seq: 1 })
      .toArray()
    return found.map(({ type, id, vid, as = '', superseded }) => {
      const [url = '', ...version] = as.slice(type.length + 1).split('|')
      const isCurrent = superseded === endOfTime
      return { type, id, versionId: String(vid), url, version: version.join('|'), isCurrent }
    })
  })
}

/** {@link Storage.count} */
export function count({ collections, read }: Reading): Promise<Record<string, number>> {
  return read(async (asking) => {
    const found = await collections.searchable
      .aggregate<{ _id: string; number: number }>(
        [{ $match: { until: endOfTime } }, { $group: { _id: '$type', number: { $sum: 1 } } }, { $sort: { _id: 1 } }],
        asking,
      )
      .toArray()
    return Object.fromEntries(found.map(({ _id, number }) => [_id, number]))
  })
}

/** {@link Past} of an open store. */
export const past = ({ collections: { versions, state }, read }: Reading): Past => ({
  // Versions follow one another in time.
  revisionAt: (at, types) =>
    read(async (asking) => {
      const last = await versions
        .find({ type: { $in: [...types] }, updated: { $lte: Date.parse(at) } }, { ...asking, projection: { seq: 1 } })
        .sort({ updated: -1, seq: -1 })
        .limit(1)
        .next()
      return last?.seq ?? 0
    }),
  writtenAfter: (type, revision) =>
    read(async (asking) => {
      const until = (await state.findOne({ _id: 'store' }, asking))?.n ?? 0
      const written = await versions
        .aggregate<{ _id: string; vid: number }>(
          [
            { $match: { type, seq: { $gt: revision, $lte: until } } },
            { $group: { _id: '$id', vid: { $min: '$vid' } } },
          ],
          asking,
        )
        .toArray()
      const before = ({ _id: id, vid }: { _id: string; vid: number }) =>
        vid === 1 ? { id } : { id, versionId: String(vid - 1) }
      return { written: written.map(before), until }
    }),
  revisionOf: (type, id, versionId) =>
    read(async (asking) => {
      const _id = `${type}/${id}/${versionId}`
      return (await versions.findOne({ _id }, { ...asking, projection: { seq: 1 } }))?.seq
    }),
})
