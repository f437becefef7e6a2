/// <reference types="vite/client" />
declare module '*.vue' {
  import type { DefineComponent } from 'vue'
  const component: DefineComponent<object, object, unknown>
  export default component
}

interface ImportMetaEnv {
  /** Where the mini-program finds the server; the H5 page talks to the host it came from. */
  readonly VITE_API_ORIGIN?: string
}
