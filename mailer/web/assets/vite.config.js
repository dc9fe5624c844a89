import { defineConfig } from "vite";

// One bundle. The pages work without it; what only some pages need is loaded when such a page asks for it.
export default defineConfig({
  base: "./",
  build: {
    outDir: "../bundle",
    emptyOutDir: true,
    manifest: "manifest.json",
    modulePreload: { polyfill: false },
    // A data: address would need a wider Content-Security-Policy.
    assetsInlineLimit: 0,
    // The editor is one piece; only the studio's page loads it.
    chunkSizeWarningLimit: 700,
    rollupOptions: { input: { console: "src/console.js" } },
  },
});
