import { keep } from '../../base/keep.ts'
import type { EvaluateEnvironment } from '../../evaluate/environment.ts'
import { artefactName } from '../../fhir/artefact.ts'
import { contentHash } from '../../publish/identity.ts'
import { findByCanonical } from '../../storage/find-artefacts.ts'
import type { Storage } from '../../storage/storage.ts'

type ContentOf = NonNullable<EvaluateEnvironment['contentOf']>

/** Far more than the artefacts that verdicts name. */
const mostHashes = 2000

/** Names the content of stored artefacts: looked up once until the store changes, and hashed once for every stored version. */
export function artefactHashes(storage: Storage, revision: () => number): ContentOf {
  const found = keep<string, ReturnType<ContentOf>>(mostHashes)
  const hashes = keep<string, string>(mostHashes)
  let known = Number.NaN
  return (type, canonical) => {
    const now = revision()
    if (now !== known) found.clear()
    known = now
    return found.of(`${type} ${canonical}`, async () => {
      const [resource] = await findByCanonical(storage, type, canonical)
      if (!resource) return undefined
      const { versionId = '', lastUpdated = '' } = resource.meta ?? {}
      const stored = `${type}/${resource.id} ${versionId} ${lastUpdated}`
      return { type, canonical: artefactName(resource), hash: hashes.of(stored, () => contentHash(resource)) }
    })
  }
}
