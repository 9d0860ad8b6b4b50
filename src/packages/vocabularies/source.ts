/** What an import of one of the big vocabularies reads, and what it hands on to the builder of the index. */
import type { CodeSystem, ConceptMap } from '../../fhir/types.ts'
import type { SourceItem } from '../large-code-system/source-concept.ts'

/** The vocabularies that are read as sources of concepts; the header of an index names its kind. */
type VocabularyKind = 'loinc' | 'icd-11'

/** The files of a release, whether they lie in a folder or in an archive. */
export interface ReleaseFiles {
  /** Folder or archive, as it was given: for messages. */
  path: string
  /** Names below the top of the release, parts between '/', in the order of their code units. */
  names: readonly string[]
  /** Length of a file in bytes. */
  bytes(name: string): number
  /** A file from its beginning, in chunks. */
  chunks(name: string): Iterable<Uint8Array>
  /** Hash over the bytes of a file. */
  sha256(name: string): string
}

/**
 * One release, ready to be imported: it has everything that {@link import('../large-code-system/sources.ts').OpenSource} has, so that
 * the importer of large code systems takes it as it is.
 */
export interface VocabularySource {
  kind: VocabularyKind
  /** Folder, archive or file, as it was given. */
  path: string
  format: string
  /** Of all files that are read. */
  bytes: number
  sha256: string
  /** The CodeSystem without concepts; its version is the release. */
  head: CodeSystem
  /** Its concepts, read once more; `progress` is told the bytes read, of `bytes`. */
  items(progress: (done: number) => void): Iterable<SourceItem>
  /** What is there and what is missing, a sentence each: for a dry run and for the report. */
  findings: readonly string[]
  /** Maps to other systems that the release has, stored beside the code system when that is complete. */
  maps?(): Iterable<ConceptMap>
}
