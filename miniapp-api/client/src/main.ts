import { createSSRApp } from 'vue'
import App from './App.vue'
// #ifdef H5
import PageBroken from './components/PageBroken.vue'
import PageWaiting from './components/PageWaiting.vue'
// #endif

export function createApp() {
  const app = createSSRApp(App)
  // #ifdef H5
  // uni-app asks for these names before it registers its own.
  app.component('AsyncError', PageBroken)
  app.component('AsyncLoading', PageWaiting)
  // #endif
  return { app }
}
