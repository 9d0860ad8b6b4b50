// Types of what programs of WebAssembly have in common.
/// <reference types="emscripten" />
/** What scripts/build-console.ts puts in place: addresses of files that stand beside the bundle. */
declare module '*.wasm' {
  const address: string
  export default address
}
declare module '*.css'
/** Address of the scanner's worker, whose name has a hash. */
declare const SCAN_WORKER: string
/** Names of the pages of docs/ that were built, in their order, with their titles. */
declare const MANUAL_PAGES: { name: string; title: string; address: string }[]
