import { fileURLToPath } from 'node:url'
import * as uniModule from '@dcloudio/vite-plugin-uni'
import { defineConfig, type PluginOption } from 'vite'
import { mpAria, noVendorBeacon, sharedByPages, shortRoutes } from './build'

type Uni = (options: object) => PluginOption
const mod = uniModule as unknown as { default: Uni | { default: Uni } }
// The plugin is CommonJS: its default export arrives wrapped once or twice, by the way it is loaded.
const uni: Uni = typeof mod.default === 'function' ? mod.default : mod.default.default
const isH5 = process.env.UNI_PLATFORM === 'h5'
const server = process.env.API_SERVER ?? 'http://127.0.0.1:8000'

export default defineConfig({
  plugins: [
    uni({ vueOptions: { template: { compilerOptions: { nodeTransforms: isH5 ? [] : [mpAria] } } } }),
    noVendorBeacon(),
    ...(isH5 ? [shortRoutes()] : []),
  ],
  resolve: { alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) } },
  build: {
    target: 'es2015',
    cssTarget: 'chrome61',
    ...(isH5 ? { manifest: true, rollupOptions: { output: { manualChunks: sharedByPages } } } : {}),
  },
  server: { proxy: Object.fromEntries(['/api', '/r', '/s', '/n', '/sandbox', '/media'].map((path) => [path, server])) },
})
