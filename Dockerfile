# Three stages: the native library, the service, and a runtime that holds both.

FROM debian:bookworm-slim AS native
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev make pkg-config ca-certificates \
      golang-github-gorilla-websocket-dev golang-google-protobuf-dev \
      protobuf-compiler protoc-gen-go libopus-dev libspeexdsp-dev
COPY native-build /source/native-build
RUN make -C /source/native-build build

FROM mcr.microsoft.com/dotnet/sdk:10.0 AS service
WORKDIR /source
COPY global.json Directory.Build.props Directory.Packages.props appsettings.json .editorconfig ./
COPY src src
COPY tools/Stream.CodeGen/spec tools/Stream.CodeGen/spec
COPY native-build/proto native-build/proto
COPY --from=native /source/native-build/build/librtc.so native-build/build/librtc.so
RUN dotnet publish src/Gateway -c Release -o /service

FROM mcr.microsoft.com/dotnet/aspnet:10.0
RUN apt-get update && apt-get install -y --no-install-recommends libopus0 libspeexdsp1 && rm -rf /var/lib/apt/lists/*
COPY --from=service /service /service
WORKDIR /service
USER $APP_UID
# What arrives at a socket is taken up on the thread that saw it (docs/mirror.md, Speed).
ENV PORT=8080 DOTNET_SYSTEM_NET_SOCKETS_INLINE_COMPLETIONS=1
EXPOSE 8080
ENTRYPOINT ["dotnet", "Gateway.dll"]
