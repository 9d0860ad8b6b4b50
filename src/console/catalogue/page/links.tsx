/** Links out of what artefacts say: to other artefacts here, and to documents elsewhere. */
import { isCanonical, isWebAddress } from '../readers/references.ts'
import { findPage } from './addresses.ts'

interface CanonicalProps {
  canonical: string
  /** Said in its place. */
  words?: string | undefined
  /** Further members of the address, e.g. which define is meant. */
  query?: Record<string, string>
}

/** A canonical as the way to what has it; a text that is none is shown as it stands. */
export function Canonical({ canonical, words, query }: CanonicalProps) {
  const shown = words ? <bdi>{words}</bdi> : <code class="address">{canonical.slice(0, 500)}</code>
  return isCanonical(canonical) ? <a href={findPage(canonical, query)}>{shown}</a> : shown
}

/** Several of them. */
export function Canonicals({ canonicals }: { canonicals: string[] }) {
  return (
    <>
      {canonicals.slice(0, 100).map((each, index) => (
        <>
          {index > 0 && ', '}
          <Canonical canonical={each} />
        </>
      ))}
    </>
  )
}

/** An address of the web, opened beside; anything else is a text. */
export function WebLink({ address, words }: { address: string; words?: string }) {
  const shown = words ? <bdi>{words}</bdi> : <code class="address">{address.slice(0, 500)}</code>
  if (!isWebAddress(address)) return shown
  return (
    <a href={address} target="_blank" rel="noreferrer noopener">
      {shown}
    </a>
  )
}
