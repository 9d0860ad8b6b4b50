/** Artefacts in the store itself, in parts: one document names an artefact when all its parts are there. */
import { createHash } from 'node:crypto'
import { Binary, type Collection } from 'mongodb'
import type { Artefacts } from '../../artefacts.ts'
import { connect } from '../connect.ts'
import { newToken } from '../documents.ts'
import { guarded, isConflict } from '../errors.ts'

/** Bytes of one part. */
const partBytes = 1 << 20

/** An artefact that is whole. */
interface ArtefactDocument {
  /** Its name. */
  _id: string
  /** What the names of its parts begin with. */
  parts: string
  count: number
  sha256: string
}

interface PartDocument {
  /** `<parts>/<number>` */
  _id: string
  data: Binary
}

/** Opens them. */
export async function mongoArtefacts(url: string): Promise<Artefacts> {
  const { client, db } = await connect(url, 'primary')
  const artefacts = db.collection<ArtefactDocument>('artefacts')
  const parts = db.collection<PartDocument>('artefact_parts')
  const find = (name: string) => guarded(() => artefacts.findOne({ _id: name }))
  return {
    has: async (name) => (await find(name)) !== null,
    names: () =>
      guarded(async () => (await artefacts.find({}, { projection: { _id: 1 } }).toArray()).map(({ _id }) => _id)),
    async put(name, bytes) {
      if (await find(name)) return
      const own = newToken()
      let count = 0
      // From the moment on in which its name is asked for, nobody knows: what is refused may be there all the same.
      let mayBeKept = false
      try {
        const hash = createHash('sha256')
        for await (const part of inParts(bytes)) {
          hash.update(part)
          await guarded(() => parts.insertOne({ _id: `${own}/${count++}`, data: new Binary(part) }))
        }
        mayBeKept = true
        mayBeKept = await keepName(artefacts, { _id: name, parts: own, count, sha256: hash.digest('hex') })
      } finally {
        // Another replica was faster, or it broke off: nobody will ever ask for these.
        const names = Array.from({ length: count }, (_, number) => `${own}/${number}`)
        if (!mayBeKept) await parts.deleteMany({ _id: { $in: names } }).catch(() => undefined)
      }
    },
    async get(name) {
      const found = await find(name)
      return found ? readParts({ artefacts, parts }, found) : undefined
    },
    close: () => client.close(),
  }
}

/** @returns false when another one has it */
async function keepName(artefacts: Collection<ArtefactDocument>, document: ArtefactDocument): Promise<boolean> {
  try {
    await artefacts.insertOne(document)
    return true
  } catch (error) {
    // It may be this very one, asked for twice.
    if (isConflict(error))
      return (await guarded(() => artefacts.findOne({ _id: document._id })))?.parts === document.parts
    return guarded(() => Promise.reject(error))
  }
}

async function* inParts(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer> {
  let pieces: Uint8Array[] = []
  let size = 0
  for await (const each of bytes) {
    for (let at = 0; at < each.length; ) {
      const piece = each.subarray(at, at + partBytes - size)
      pieces.push(piece)
      size += piece.length
      at += piece.length
      if (size < partBytes) continue
      yield Buffer.concat(pieces)
      pieces = []
      size = 0
    }
  }
  if (size > 0) yield Buffer.concat(pieces)
}

async function* readParts(
  { artefacts, parts }: { artefacts: Collection<ArtefactDocument>; parts: Collection<PartDocument> },
  { _id, parts: own, count, sha256 }: ArtefactDocument,
): AsyncGenerator<Uint8Array> {
  const hash = createHash('sha256')
  for (let number = 0; number < count; number++) {
    const part = await guarded(() => parts.findOne({ _id: `${own}/${number}` }))
    if (!part) {
      // Its name goes, so that whoever has it can put it again.
      await guarded(() => artefacts.deleteOne({ _id, parts: own }))
      throw new Error('a part of it is lost in the store')
    }
    const bytes = part.data.buffer
    hash.update(bytes)
    yield bytes
  }
  if (hash.digest('hex') !== sha256) throw new Error('it is damaged in the store: its hash is another')
}
