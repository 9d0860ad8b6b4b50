/** The part of jsonld 9 that this project uses; the package has no types of its own. */
declare module 'jsonld' {
  interface RemoteDocument {
    contextUrl: null
    documentUrl: string
    document: object
  }
  interface CanonizeOptions {
    algorithm: 'URDNA2015'
    format: 'application/n-quads'
    safe: boolean
    /** Called for every datum that is dropped. */
    eventHandler?(): void
    maxWorkFactor: number
    documentLoader(url: string): Promise<RemoteDocument>
  }
  const jsonld: { canonize(input: object, options: CanonizeOptions): Promise<string> }
  export default jsonld
}
